/* SPDX-License-Identifier: Apache-2.0 */
/* Every descriptor from 3 on, ours or left open by whoever started us. */
#ifndef SRC_NET_DESCRIPTORS_H
#define SRC_NET_DESCRIPTORS_H

/* No program that we start gets them. */
void descriptors_protect(void);
/* Closes all but KEPT. */
void descriptors_close(int kept);

#endif
