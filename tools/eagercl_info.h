/* What eagercl-info's two ways of printing share. */
#ifndef EAGERCL_INFO_H
#define EAGERCL_INFO_H

#include <stdbool.h>

#include <eagercl/device.h>

/* "CPU", "GPU" or "ACCELERATOR" */
const char *info_type_name(eager_device_type type);

/* Prints devices, what was skipped and, if asked for, ops as one JSON object. False when
 * the library fails; its text says why. */
bool info_print_json(bool with_ops);

#endif
