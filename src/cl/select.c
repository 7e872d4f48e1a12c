#include "cl/select.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "cl/merge.h"

static const char full_prefix[] = "/job:localhost/replica:0/task:0/device:";

static const char *const type_names[] = {
    [EAGER_DEVICE_CPU] = "CPU",
    [EAGER_DEVICE_GPU] = "GPU",
    [EAGER_DEVICE_ACCELERATOR] = "ACCELERATOR",
};

/* --- Names. --- */

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Steps over `word` at `*text`, whatever its case. */
static bool skip(const char **text, const char *word) {
  const char *at = *text;
  for (; *word != '\0'; word++, at++)
    if (!same_letter(*at, *word)) return false;
  *text = at;
  return true;
}

/* Decimal without sign or leading zeros; at most six digits. */
static bool parse_index(const char *text, int *out) {
  size_t length = strspn(text, "0123456789");
  if (length == 0 || length > 6 || text[length] != '\0') return false;
  if (text[0] == '0' && length > 1) return false;
  *out = 0;
  for (; *text != '\0'; text++) *out = *out * 10 + (*text - '0');
  return true;
}

static bool parse_name(const char *text, eager__device_name *out) {
  if (!skip(&text, full_prefix) && !skip(&text, "/device:")) skip(&text, "/");
  eager__device_name name = {0};
  bool known = false;
  for (int type = 0; type <= EAGER_DEVICE_ACCELERATOR && !known; type++) {
    known = skip(&text, type_names[type]);
    if (known) name.type = (eager_device_type)type;
  }
  if (!known) return false;
  if (*text != '\0' && (*text != ':' || !parse_index(text + 1, &name.index))) return false;
  *out = name;
  return true;
}

eager_status eager__parse_device_name(const char *text, eager__device_name *out) {
  if (text != NULL && parse_name(text, out)) return EAGER_OK;
  return eager__fail(EAGER_INVALID_ARGUMENT,
                     "malformed device name %s%s%s: expected GPU:0, GPU (which is GPU:0), "
                     "/gpu:0, /device:GPU:0 or %sGPU:0, in any case, with one of the types "
                     "CPU, GPU, ACCELERATOR",
                     text == NULL ? "" : "\"", text == NULL ? "NULL" : text,
                     text == NULL ? "" : "\"", full_prefix);
}

void eager__format_short_name(eager__device_name name, char text[EAGER__SHORT_NAME]) {
  snprintf(text, EAGER__SHORT_NAME, "%s:%d", type_names[name.type], name.index);
}

void eager__format_full_name(eager__device_name name, char text[EAGER__FULL_NAME]) {
  snprintf(text, EAGER__FULL_NAME, "%s%s:%d", full_prefix, type_names[name.type],
           name.index);
}

/* --- What one entry matches. --- */

static bool contains(const char *text, const char *part, size_t length) {
  for (; *text != '\0'; text++) {
    size_t i = 0;
    while (i < length && text[i] != '\0' && same_letter(text[i], part[i])) i++;
    if (i == length) return true;
  }
  return false;
}

/* The same hexadecimal digits; dashes do not count. */
static bool same_hex(const char *text, const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char digits[3];
    snprintf(digits, sizeof digits, "%02x", bytes[i]);
    for (int half = 0; half < 2; half++, text++) {
      while (*text == '-') text++;
      if (!same_letter(*text, digits[half])) return false;
    }
  }
  return *text == '\0';
}

static bool matches_pci(const eager__facts *facts, const char *text) {
  char address[EAGER__PCI_TEXT];
  eager__format_pci(facts, address);
  return facts->has_pci && skip(&text, address) && *text == '\0';
}

static bool matches(const eager__physical *device, const char *selector) {
  const eager__facts *facts = &device->facts;
  eager__device_name name, own;
  if (skip(&selector, "pci:")) return matches_pci(facts, selector);
  if (skip(&selector, "uuid:"))
    return facts->has_uuid && same_hex(selector, facts->uuid, sizeof facts->uuid);
  if (parse_name(selector, &name))
    return device->duplicate_of < 0 && parse_name(device->info.short_name, &own) &&
           own.type == name.type && own.index == name.index;
  const char *slash = strchr(selector, '/');
  return contains(facts->platform, selector, (size_t)(slash - selector)) &&
         contains(facts->device, slash + 1, strlen(slash + 1));
}

static bool is_well_formed(const char *selector) {
  eager__device_name name;
  if (skip(&selector, "pci:") || skip(&selector, "uuid:")) return *selector != '\0';
  if (parse_name(selector, &name)) return true;
  const char *slash = strchr(selector, '/');
  return slash != NULL && slash != selector && slash[1] != '\0';
}

/* --- Refusals. --- */

static void add_device(eager__strbuf *text, const eager__physical *device) {
  eager__strbuf_format(text, "%s%s (%s/%s)", text->size == 0 ? "" : ", ",
                       device->info.short_name, device->facts.platform,
                       device->facts.device);
}

static eager_status fail_unmatched(const eager__machine *machine, const char *selector) {
  eager__device_name name;
  bool is_name = parse_name(selector, &name);
  eager__strbuf available = {0};
  for (int i = 0; i < (is_name ? machine->listed_count : machine->device_count); i++) {
    const eager__physical *device = &machine->devices[i];
    if (is_name)
      eager__strbuf_format(&available, "%s%s", i == 0 ? "" : ", ", device->info.short_name);
    else
      add_device(&available, device);
  }
  char short_name[EAGER__SHORT_NAME];
  if (is_name) eager__format_short_name(name, short_name);
  eager_status status =
      eager__fail(EAGER_NOT_FOUND,
                  is_name ? "visible device list: %s unknown device; available: %s"
                          : "visible device list: no device matches \"%s\"; "
                            "available: %s",
                  is_name ? short_name : selector,
                  available.size == 0 ? "none" : eager__strbuf_text(&available));
  eager__strbuf_free(&available);
  return status;
}

static eager_status fail_ambiguous(const eager__machine *machine, const char *selector) {
  eager__strbuf found = {0};
  for (int i = 0; i < machine->device_count; i++)
    if (matches(&machine->devices[i], selector)) add_device(&found, &machine->devices[i]);
  eager_status status = eager__fail(
      EAGER_INVALID_ARGUMENT, "visible device list: \"%s\" is ambiguous: it matches %s",
      selector, eager__strbuf_text(&found));
  eager__strbuf_free(&found);
  return status;
}

/* --- The list. --- */

static eager_status find_device(const eager__machine *machine, const char *selector,
                                const eager__physical **out) {
  const char *rest = selector;
  bool is_address = skip(&rest, "pci:") || skip(&rest, "uuid:");
  const eager__physical *found = NULL;
  for (int i = 0; i < machine->device_count; i++) {
    const eager__physical *device = &machine->devices[i];
    if (!matches(device, selector)) continue;
    /* An address belongs to all views of a device; the preferred one comes first. */
    if (is_address && found != NULL && device->duplicate_of >= 0) break;
    if (found != NULL) return fail_ambiguous(machine, selector);
    found = device;
  }
  if (found == NULL) return fail_unmatched(machine, selector);
  *out = found;
  return EAGER_OK;
}

/* `NAME=selector` or `selector`, cut apart in place. */
typedef struct list_entry {
  const char *selector;
  bool renames;
  eager__device_name name; /* if it renames */
} list_entry;

static eager_status split_entry(char *text, list_entry *out) {
  char *equals = strchr(text, '=');
  *out = (list_entry){.selector = text, .renames = equals != NULL};
  if (equals != NULL) {
    *equals = '\0';
    out->selector = equals + 1;
  }
  EAGER__REQUIRE(is_well_formed(out->selector), EAGER_INVALID_ARGUMENT,
                 "visible device list: malformed entry \"%s\": expected a name such as "
                 "GPU:0, <platform substring>/<device substring>, pci:<address> or "
                 "uuid:<digits>, each optionally behind <name>=",
                 out->selector);
  return out->renames ? eager__parse_device_name(text, &out->name) : EAGER_OK;
}

static eager_status parse_entry(const eager__machine *machine, char *text,
                                eager__selected *out) {
  list_entry entry;
  EAGER__TRY(split_entry(text, &entry));
  EAGER__TRY(find_device(machine, entry.selector, &out->physical));
  out->name = entry.name;
  if (!entry.renames) parse_name(out->physical->info.short_name, &out->name);
  return EAGER_OK;
}

static eager_status check_unique(const eager__selected *selected, int count) {
  const eager__selected *last = &selected[count - 1];
  for (int i = 0; i < count - 1; i++) {
    char name[EAGER__SHORT_NAME];
    eager__format_short_name(last->name, name);
    EAGER__REQUIRE(selected[i].physical != last->physical, EAGER_INVALID_ARGUMENT,
                   "visible device list: %s/%s is listed twice",
                   last->physical->facts.platform, last->physical->facts.device);
    EAGER__REQUIRE(selected[i].name.type != last->name.type ||
                       selected[i].name.index != last->name.index,
                   EAGER_INVALID_ARGUMENT,
                   "visible device list: the name %s is given twice, to %s/%s and to "
                   "%s/%s; rename one "
                   "with <name>=",
                   name, selected[i].physical->facts.platform,
                   selected[i].physical->facts.device, last->physical->facts.platform,
                   last->physical->facts.device);
  }
  return EAGER_OK;
}

/* Cuts the blank-trimmed entry at `*text` off its list. */
static char *next_entry(char **text) {
  char *entry = *text + strspn(*text, " \t");
  char *end = entry + strcspn(entry, ",");
  *text = *end == ',' ? end + 1 : NULL;
  while (end > entry && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *end = '\0';
  return entry;
}

eager_status eager__check_device_list(const char *list) {
  char *copy = eager__strdup(list), *text = copy;
  if (copy == NULL) return eager__out_of_memory(strlen(list) + 1);
  eager_status status = EAGER_OK;
  list_entry entry;
  while (text != NULL && status == EAGER_OK)
    status = split_entry(next_entry(&text), &entry);
  eager__free(copy);
  return status;
}

static eager_status parse_list(const eager__machine *machine, char *text,
                               eager__selected *selected, int *out_count) {
  for (int count = 0; text != NULL;) {
    EAGER__TRY(parse_entry(machine, next_entry(&text), &selected[count]));
    EAGER__TRY(check_unique(selected, ++count));
    *out_count = count;
  }
  return EAGER_OK;
}

static void select_all(const eager__machine *machine, eager__selected *selected) {
  for (int i = 0; i < machine->listed_count; i++) {
    selected[i].physical = &machine->devices[i];
    parse_name(machine->devices[i].info.short_name, &selected[i].name);
  }
}

eager_status eager__select_devices(const eager__machine *machine, const char *list,
                                   eager__selected **out, int *out_count) {
  *out = NULL;
  *out_count = 0;
  bool is_all = list == NULL || list[0] == '\0';
  if (is_all && machine->listed_count == 0) return EAGER_OK;
  /* A repeated entry is refused when it is read, so there is at most one too many. */
  size_t size = (size_t)(machine->device_count + 1) * sizeof **out;
  size_t text_size = is_all ? 0 : strlen(list) + 1;
  eager__selected *selected = eager__alloc(size + text_size);
  if (selected == NULL) return eager__out_of_memory(size + text_size);
  int count = machine->listed_count;
  eager_status status = EAGER_OK;
  if (is_all) {
    select_all(machine, selected);
  } else {
    char *text = memcpy((char *)selected + size, list, text_size);
    status = parse_list(machine, text, selected, &count);
  }
  if (status != EAGER_OK) {
    eager__free(selected);
    return status;
  }
  *out = selected;
  *out_count = count;
  return EAGER_OK;
}
