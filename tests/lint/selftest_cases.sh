# SPDX-License-Identifier: Apache-2.0
# The violations that selftest.sh plants, each with the finding that it must cause.
# shellcheck shell=bash disable=SC2154

# said_by SCRIPT BEGINNING: its line that begins so, for findings that quote another program.
said_by() { python3 -B "$here/$1.py" --root "$tree" | grep -F "$2"; }

clean_tree
for script in layers limits banned headers style python; do
    expect "$script" ''
done

# layers.py
c_file src/session/store.c '#include "crypto/jwk.h"'
expect layers "src/session/store.c:3: layer session may not use crypto ('crypto/jwk.h')"
c_file src/main.c '#  include "net/http.h"'
expect layers "src/main.c:3: layer main may not use net ('net/http.h')"
c_file include/base/text.h '#ifndef BASE_TEXT_H' '#define BASE_TEXT_H' '#include "session/session.h"' '#endif'
expect layers "include/base/text.h:5: layer base may not use session ('session/session.h')"
c_file src/util/all.c '#include "base/text.h"'
expect layers 'src/util/all.c:3: src/util/all.c is in no layer'
c_file src/session/store.c '#include "absent.h"'
expect layers "src/session/store.c:3: 'absent.h' is not beside this file"
c_file src/session/store.c '#include <base/text.h>'
expect layers 'src/session/store.c:3: our own header <base/text.h> is included in quotes'
c_file src/session/store.c '#include "util/text.h"'
expect layers "src/session/store.c:3: 'util/text.h' is neither a header of a layer nor one beside this file"
c_file src/session/store.c '#include <curl/curl.h>' '#include <microhttpd.h>' '#include <openssl/evp.h>' \
    '#include <jwt.h>'
expect layers 'src/session/store.c:3: <curl/curl.h> belongs to src/net/http*.c and src/net/loop.c' \
    'src/session/store.c:4: <microhttpd.h> belongs to src/net/callback_server.c' \
    'src/session/store.c:5: <openssl/evp.h> belongs to src/crypto/' \
    'src/session/store.c:6: <jwt.h> belongs to src/crypto/client_assertion.c'
c_file src/net/http.c '#include <curl/curl.h>'
c_file src/net/loop.c '#include <curl/multi.h>'
c_file src/net/callback_server.c '#include <microhttpd.h>'
c_file src/crypto/jws.c '#include <openssl/evp.h>'
c_file src/crypto/client_assertion.c '#include <jwt.h>'
expect layers ''

# limits.py
mapfile -t many < <(repeat 57 '    f();')
c_file src/base/long.c 'void f(void)' '{' "${many[@]}" '}'
expect limits ''
c_file src/base/long.c 'void f(void)' '{' "${many[@]}" '    f();' '}'
expect limits 'src/base/long.c:3: f has 61 lines, more than 60'
c_file src/base/deep.c 'void f(int a)' '{' '    if (a)' '        for (;;)' '            while (a) {' \
    '                a = 0;' '            }' '    else if (a)' '        a = 1;' '    else if (a)' \
    '        a = 1;' '    else if (a)' '        a = 2;' '}'
expect limits ''
c_file src/base/deep.c 'void f(int a)' '{' '    if (a) {' '        json_object_foreach (a, b, c) {' \
    '            switch (a) {' '            case 1:' '                do' '                    a--;' \
    '                while (a);' '            }' '        }' '    }' '}'
expect limits 'src/base/deep.c:9: f has 4 levels, more than 3'
c_file src/base/wide.c 'void f(int a, int b, int c, int d, int e);' \
    'void g(int a, int b, int c, int d,' '       int e, int f) attribute(1, 2);' \
    'static struct x *h(int (*a)(int, int, int, int, int, int), int b, int c, int d, int e, int f)' '{' '}'
expect limits 'src/base/wide.c:4: g has 6 parameters, more than 5' \
    'src/base/wide.c:6: h has 6 parameters, more than 5'
c_file src/base/wide.c 'void g(int a, int b, int c, int d, int e, int f);'
file tests/lint/exemptions.txt '# comment' 'parameters src/base/wide.c g: a library prescribes it'
expect limits ''
file tests/lint/exemptions.txt 'parameters src/base/wide.c g: a library prescribes it'
expect limits 'tests/lint/exemptions.txt:1: excuses nothing: parameters src/base/wide.c g'
file tests/lint/exemptions.txt 'parameters src/base/wide.c g:'
expect limits 'tests/lint/exemptions.txt:1: is not `check path subject: reason`'
mapfile -t many < <(repeat 398 '')
c_file tests/unit/test_long.c "${many[@]}"
expect limits ''
c_file tests/unit/test_long.c "${many[@]}" ''
expect limits 'tests/unit/test_long.c:401: the file has 401 lines, more than 400'
c_file src/base/open.c 'void f(void) {'
expect limits 'src/base/open.c:1: the braces of this file do not match'
c_file src/base/odd.c '#define OPEN {' 'static const char c[] = {'"'{', '\"', '\\''" '};' \
    'struct { int a; } x = {.a = 1};' 'enum { A };' '/* { */' 'char *s = "\"{";'
expect limits ''

# banned.py
words=(gets strcpy strcat sprintf vsprintf strtok atoi atol sscanf alloca system popen tmpnam mktemp rand
    strncpy gmtime localtime)
c_file src/base/bad.c "${words[@]/%/ (a);}"
mapfile -t many < <(for i in "${!words[@]}"; do echo "src/base/bad.c:$((i + 3)): ${words[i]} is banned"; done)
expect banned "${many[@]}"
c_file tests/unit/test_bad.c 'int f = rand();'
expect banned 'tests/unit/test_bad.c:3: rand is banned'
c_file src/base/good.c '/* strcpy(a, b) */' 'char *a = "system(1)";' \
    'int b = gmtime_r(c, d) + snprintf(e, 1, "") + x.system(1);'
expect banned ''
c_file src/net/browser.c 'char *a = getenv("BROWSER");' 'char *b = secure_getenv("BROWSER");'
expect banned 'src/net/browser.c:3: getenv is for command/ and main.c' \
    'src/net/browser.c:4: secure_getenv is for command/ and main.c'
c_file src/login/login.c 'int a = printf("x");' 'int b = fputs("x", stdout);' 'int c = write(1, "x", 1);' \
    'int d = dprintf(STDOUT_FILENO, "x");' 'int e = fprintf(stderr, "x") + dup2(STDOUT_FILENO, 2);' \
    'int f = puts("x");'
expect banned 'src/login/login.c:3: printf writes to stdout, which is for command/ and main.c' \
    'src/login/login.c:4: stdout writes to stdout, which is for command/ and main.c' \
    'src/login/login.c:5: write writes to stdout, which is for command/ and main.c' \
    'src/login/login.c:6: dprintf writes to stdout, which is for command/ and main.c' \
    'src/login/login.c:8: puts writes to stdout, which is for command/ and main.c'

# headers.py
file src/base/text.c '/* A file. */' 'int a;'
expect headers 'src/base/text.c:1: the first line is not /* SPDX-License-Identifier: Apache-2.0 */' \
    'src/base/text.c:2: the second line is not one sentence in a comment'
file src/base/text.c "$licence" '/* no full stop */' 'int a;'
expect headers 'src/base/text.c:2: the second line is not one sentence in a comment'
file src/base/text.c "$licence" '/* A sentence that goes' ' * on. */' 'int a;'
expect headers 'src/base/text.c:2: the second line is not one sentence in a comment'
c_file include/base/text.h '#ifndef TEXT_H' '#define TEXT_H' '#endif'
expect headers 'include/base/text.h:3: the guard is TEXT_H, not BASE_TEXT_H'
c_file include/base/text.h '#ifndef BASE_TEXT_H' '#define BASE_TXT_H' '#endif'
expect headers 'include/base/text.h:3: no include guard is around the whole header'
c_file include/base/text.h 'int a;'
expect headers 'include/base/text.h:1: no include guard is around the whole header'
c_file include/base/text.h '#ifndef BASE_TEXT_H' '#define BASE_TEXT_H' 'bool is_text(const char *);' '#endif'
expect headers "$(said_by headers 'include/base/text.h:1: does not compile alone: unknown type name')"

# style.py
long=$(printf '%108s' '' | tr ' ' x)
c_file src/base/text.c "${long}12" "${long}123" "$(printf 'int\ta;')" 'int b; ' "$(printf 'int c;\r')"
expect style 'src/base/text.c:4: 111 columns, more than 110' 'src/base/text.c:5: a tab' \
    'src/base/text.c:6: white space at the end of the line' \
    'src/base/text.c:7: white space at the end of the line'
c_file src/base/text.c 'int a;' ''
expect style 'src/base/text.c:4: an empty line at the end'
printf 'int a;' >>"$tree/src/base/text.c"
expect style 'src/base/text.c:11: no newline at the end'
file tests/bad.sh '#!/bin/sh' '# SPDX-License-Identifier: Apache-2.0' 'if'
expect style "$(said_by style 'tests/bad.sh:1: bash cannot read it')"
file tests/bad.mjs '// none'
expect style 'tests/bad.mjs:1: no SPDX line at the beginning'

# python.py
file tests/unit/bad.py 'def f(:'
expect python 'tests/unit/bad.py:1: cannot be compiled: invalid syntax'
file tests/unit/bad.py '# SPDX-License-Identifier: Apache-2.0' 'A = 1'
expect python 'tests/unit/bad.py:1: no docstring says what the file is for'
mapfile -t many < <(repeat 400 '')
file tests/unit/bad.py '"""Long."""' "${many[@]}"
expect python 'tests/unit/bad.py:401: the file has 401 lines, more than 400'
