/* Names of devices before there is a runtime: of those the machine has. */
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/strbuf.h"
#include "runtime/runtime.h"

static const char variable[] = "EAGERCL_VISIBLE_DEVICES";

/* Whether `name` is that of one of them; all their names go to `names`. */
static bool is_among(const eager__selected *devices, int count, const char *name,
                     eager__strbuf *names) {
  bool found = false;
  for (int i = 0; i < count; i++) {
    char text[EAGER__SHORT_NAME];
    eager__format_short_name(devices[i].name, text);
    found |= strcmp(text, name) == 0;
    eager__strbuf_format(names, "%s%s", i ? ", " : "", text);
  }
  return found;
}

static eager_status look(const eager__machine *machine, const char *list, const char *name,
                         eager__strbuf *names, bool *out_found) {
  eager__selected *devices;
  int count;
  EAGER__TRY(eager__select_devices(machine, list, &devices, &count));
  *out_found = is_among(devices, count, name, names);
  eager__free(devices);
  return EAGER_OK;
}

eager_status eager__foresee_device(const char *name, char short_name[EAGER__SHORT_NAME]) {
  const eager__machine *machine;
  eager__device_name parsed;
  eager__strbuf names = {0};
  bool found = false;
  EAGER__TRY(eager__parse_device_name(name, &parsed));
  eager__format_short_name(parsed, short_name);
  EAGER__TRY(eager__machine_get(&machine));
  eager_status status = look(machine, NULL, short_name, &names, &found);
  const char *list = eager__env(variable);
  if (status == EAGER_OK && !found && list) {
    eager__strbuf_format(&names, "; by %s: ", variable);
    status = look(machine, list, short_name, &names, &found);
    if (status != EAGER_OK) eager__fail_append(" (in %s)", variable);
  }
  if (status == EAGER_OK && !found)
    status = eager__fail(EAGER_NOT_FOUND, "%s unknown device; available: %s", name,
                         names.size ? eager__strbuf_text(&names) : "none");
  eager__strbuf_free(&names);
  return status;
}
