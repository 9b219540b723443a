/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees of a device login: address, code, and a QR code where there is a terminal. */
#ifndef LOGIN_DEVICE_SCREEN_H
#define LOGIN_DEVICE_SCREEN_H

#include "login/device_flow.h"

/* Shows the code of the moment; the user code always (DEV-02), the device code never (DEV-05). */
void device_screen_show(struct device_flow *flow);

#endif
