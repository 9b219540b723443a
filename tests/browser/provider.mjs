// SPDX-License-Identifier: Apache-2.0
// The certified npm oidc-provider on a random loopback port, with clients for every way that latchkey logs in.
//
// usage: node provider.mjs MODULES_DIR [CERTIFICATE_FILE KEY_FILE]   (without a certificate: plain http)
// Prints one JSON line {"issuer","secret","algorithms","keys","pid"} when it is ready; ends at SIGTERM.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, certificate, key] = process.argv.slice(2);
const entry = createRequire(`${modules}/`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(entry));

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET = 'a secret: with 100% of / what+needs&escaping';
const REDIRECTS = ['http://localhost', 'http://127.0.0.1'];

// One key per family; RSA signs with RS and PS alike.
function signingKeys() {
  const pairs = {
    rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    ed25519: generateKeyPairSync('ed25519'),
  };
  return Object.entries(pairs).map(([kid, pair]) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, use: 'sig' }));
}

function client(id, more) {
  return {
    client_id: id,
    client_name: id,
    application_type: 'native',
    redirect_uris: REDIRECTS,
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...more,
  };
}

// A client that logs in by itself, with a secret or a key of its own.
function pipeline(method, more) {
  return client(`pipeline-${method}`, {
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [], token_endpoint_auth_method: method, ...more,
  });
}

const KEYS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};

function keyClients() {
  return Object.entries(KEYS).map(([alg, pair]) => pipeline('private_key_jwt', {
    client_id: `pipeline-${alg}`,
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'mine', use: 'sig', alg }] },
  }));
}

function privateKeys() {
  const text = (pair) => pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return Object.fromEntries(Object.entries(KEYS).map(([alg, pair]) => [alg, text(pair)]));
}

function clients() {
  return [
    ...keyClients(),
    pipeline('client_secret_basic', { client_secret: SECRET }),
    pipeline('client_secret_post', { client_secret: SECRET }),
    client('public', {}),
    client('basic', { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic' }),
    client('post', { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post' }),
    client('elsewhere', { redirect_uris: ['http://[::1]:9'] }),
    ...ALGORITHMS.map((name) => client(`alg-${name}`, { id_token_signed_response_alg: name })),
  ];
}

// Whoever types a login exists, but "nobody".
function findAccount(_context, id) {
  if (id === 'nobody') return undefined;
  return {
    accountId: id,
    claims: () => ({
      sub: id,
      name: `${id[0].toUpperCase()}${id.slice(1)} Example`,
      preferred_username: id,
      email: `${id}@example.com`,
      email_verified: true,
      groups: ['k8s-admins', 'everyone'],
    }),
  };
}

const configuration = {
  clients: clients(),
  findAccount,
  jwks: { keys: signingKeys() },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
  claims: { profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  ttl: { IdToken: 300, AccessToken: 300, AuthorizationCode: 60, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 600 },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_context, asking) => (asking.clientId.startsWith('pipeline') ? 'https://kubernetes.example' : undefined),
      getResourceServerInfo: () => ({ scope: 'deploy', audience: 'https://kubernetes.example', accessTokenFormat: 'jwt', accessTokenTTL: 300 }),
      useGrantedResource: () => true,
    },
  },
};

const server = certificate
  ? https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  : http.createServer();

server.listen(0, '127.0.0.1', () => {
  const issuer = `${certificate ? 'https' : 'http'}://localhost:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_context, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer, secret: SECRET, algorithms: ALGORITHMS, keys: privateKeys(), pid: process.pid }));
});
process.once('SIGTERM', () => process.exit(0));
