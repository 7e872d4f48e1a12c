/* Names and selectors: the one parser, and the visible device list. Pure. */
#ifndef EAGER_CL_SELECT_H
#define EAGER_CL_SELECT_H

#include "cl/platform.h"

typedef struct eager__device_name {
  eager_device_type type;
  int index;
} eager__device_name;

/* Accepts, in any case, `GPU:0`, `GPU` (= GPU:0), `/gpu:0`, `/device:GPU:0` and the full
 * name. INVALID_ARGUMENT shows the grammar. */
eager_status eager__parse_device_name(const char *text, eager__device_name *out);

/* "GPU:0" and ".../device:GPU:0" of a name. */
enum { EAGER__SHORT_NAME = 32, EAGER__FULL_NAME = 80 };
void eager__format_short_name(eager__device_name name, char text[EAGER__SHORT_NAME]);
void eager__format_full_name(eager__device_name name, char text[EAGER__FULL_NAME]);

/* Whether every entry of a visible device list is well formed; INVALID_ARGUMENT if not.
 * What the entries match is not looked at. */
eager_status eager__check_device_list(const char *list);

/* One enabled device: which physical one, and under which name. */
typedef struct eager__selected {
  const eager__physical *physical;
  eager__device_name name;
} eager__selected;

/* Resolves a visible device list (NULL or "": every listed device). Entries: names,
 * `<platform substring>/<device substring>`, `pci:...`, `uuid:...`, each optionally behind
 * `NAME=`. The result is in list order, allocated, freed by the caller with eager__free.
 * INVALID_ARGUMENT: an entry is malformed, ambiguous, repeated, or a name is given twice;
 * NOT_FOUND: an entry matches nothing (the text lists what is available). */
eager_status eager__select_devices(const eager__machine *machine, const char *list,
                                   eager__selected **out, int *out_count);

#endif
