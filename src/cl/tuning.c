#include "cl/tuning.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "cl/build.h"
#include "cl/cache.h"

const eager__tunable eager__tunables[] = {
    {
        .name = "group_size",
        .area = "elementwise",
        .about = "the most work-items in a work-group",
        .offset = offsetof(eager__traits, max_local_size),
        .choices = {32, 64, 128, 256, -1},
    },
    {
        .name = "gemm_cached",
        .area = "gemm",
        .about = "KiB of a product's second matrix that tiles read where it lies",
        .offset = offsetof(eager__traits, gemm_cached),
        .choices = {256, 640, 2560, 10240, -1},
    },
    {
        .name = "conv_work",
        .area = "conv",
        .about = "thousands (1024) of multiplications worth a work-item",
        .offset = offsetof(eager__traits, conv_work),
        .choices = {64, 256, 1024, -1},
    },
    {
        .name = "conv_tiles",
        .area = "conv",
        .about = "tiles of one panel in a row of a convolution",
        .offset = offsetof(eager__traits, conv_tiles),
        .choices = {8, 32, 128, -1},
    },
    {
        .name = "conv_filter_items",
        .area = "conv_filter",
        .about = "work-items of a filter's gradient",
        .offset = offsetof(eager__traits, conv_filter_items),
        .choices = {16, 64, 256, -1},
    },
    {
        .name = "clblast_set",
        .area = "clblast",
        .about = "the sizes CLBlast computes with: 0 its own, else a set of this library's",
        .offset = offsetof(eager__traits, clblast_set),
        .choices = {0, 1, 2, 3, 4, -1},
    },
    {
        .name = "clblast",
        .area = "gemm",
        .about = "whether CLBlast makes the products it has: 1, or our kernels: 0",
        .offset = offsetof(eager__traits, clblast),
        .choices = {0, 1, -1},
    },
};
const int eager__tunable_count = sizeof eager__tunables / sizeof *eager__tunables;

enum { NAME_SIZE = 48 };

int eager__tuning_value(const eager__traits *traits, const eager__tunable *tunable) {
  int value;
  memcpy(&value, (const char *)traits + tunable->offset, sizeof value);
  return value;
}

static void set_value(eager__traits *traits, const eager__tunable *tunable, int value) {
  memcpy((char *)traits + tunable->offset, &value, sizeof value);
}

static bool is_choice(const eager__tunable *tunable, int value) {
  for (int i = 0; i < eager__tunable_choice_count(tunable); i++)
    if (tunable->choices[i] == value) return true;
  return false;
}

bool eager__tuning_takes(const eager__physical *physical, const eager__tunable *tunable,
                         int value) {
  if (!is_choice(tunable, value)) return false;
  /* The built-in size is the most that all kernels run with. */
  return tunable->offset != offsetof(eager__traits, max_local_size) ||
         value <= physical->traits.max_local_size;
}

/* --- The text --- */

static const eager__tunable *find(const char *name, size_t size) {
  for (int i = 0; i < eager__tunable_count; i++) {
    const eager__tunable *tunable = &eager__tunables[i];
    if (strlen(tunable->name) == size && memcmp(tunable->name, name, size) == 0)
      return tunable;
  }
  return NULL;
}

/* The next "name=value"; false at the end or, with `*out_tunable` NULL, where the text is
 * malformed. */
static bool next(const char **text, const eager__tunable **out_tunable, int *out_value) {
  *out_tunable = NULL;
  if (!**text) return false;
  size_t size = strcspn(*text, "=,");
  if ((*text)[size] != '=') return true;
  const char *digits = *text + size + 1;
  char *end;
  long value = strtol(digits, &end, 10);
  if (end == digits || *digits < '0' || *digits > '9' || end - digits > 8) return true;
  if (*end != '\0' && (*end != ',' || end[1] == '\0')) return true;
  *out_tunable = find(*text, size);
  *out_value = (int)value;
  *text = *end ? end + 1 : end;
  return true;
}

static eager_status fail_value(const char *where, const eager__tunable *tunable,
                               int value) {
  eager__strbuf legal = {0};
  for (int i = 0; i < eager__tunable_choice_count(tunable); i++)
    eager__strbuf_format(&legal, "%s%d", i ? ", " : "", tunable->choices[i]);
  eager_status status =
      eager__fail(EAGER_INVALID_ARGUMENT, "%s: %s must be one of %s, got %d", where,
                  tunable->name, eager__strbuf_text(&legal), value);
  eager__strbuf_free(&legal);
  return status;
}

static eager_status fail_name(const char *where, const char *at) {
  eager__strbuf names = {0};
  for (int i = 0; i < eager__tunable_count; i++)
    eager__strbuf_format(&names, "%s%s", i ? ", " : "", eager__tunables[i].name);
  eager_status status =
      eager__fail(EAGER_INVALID_ARGUMENT,
                  "%s must be name=value,name=value ..., got '%.*s'; the names are %s",
                  where, NAME_SIZE, at, eager__strbuf_text(&names));
  eager__strbuf_free(&names);
  return status;
}

eager_status eager__tuning_check(const char *where, const char *text) {
  const eager__tunable *tunable;
  int value = 0;
  for (const char *at = text; next(&text, &tunable, &value); at = text) {
    if (!tunable) return fail_name(where, at);
    if (!is_choice(tunable, value)) return fail_value(where, tunable, value);
  }
  return EAGER_OK;
}

void eager__tuning_apply(const eager__physical *physical, const char *text,
                         eager__traits *traits) {
  const eager__tunable *tunable;
  int value = 0;
  while (next(&text, &tunable, &value) && tunable)
    if (eager__tuning_takes(physical, tunable, value)) set_value(traits, tunable, value);
}

const char *eager__tuning_refused(const eager__physical *physical, const char *text) {
  const eager__tunable *tunable;
  int value = 0;
  while (next(&text, &tunable, &value) && tunable)
    if (!eager__tuning_takes(physical, tunable, value)) return tunable->name;
  return NULL;
}

/* --- What is kept --- */

static char *make_key(const eager__device *device) {
  eager__strbuf key = {0};
  eager__strbuf_add(&key, "tuning\n");
  eager__write_device_key(&key, device);
  return eager__strbuf_take(&key);
}

/* NULL when nothing is kept, or nothing that this library understands. */
static char *load_text(const eager__device *device) {
  void *data = NULL;
  size_t size = 0;
  char *key = make_key(device), *text = NULL;
  if (key && eager__cache_load(key, &data, &size) && (text = eager__alloc(size + 1))) {
    memcpy(text, data, size);
    text[size] = '\0';
    if (eager__tuning_check("saved tuning", text) != EAGER_OK) {
      eager__clear_error();
      eager__cache_remove(key);
      eager__free(text);
      text = NULL;
    }
  }
  eager__free(data);
  eager__free(key);
  return text;
}

void eager__tuning_load(eager__device *device) {
  bool deterministic = false;
  if (eager__env_bool("EAGERCL_DETERMINISTIC", &deterministic) != EAGER_OK || deterministic)
    return;
  const char *given = eager__env("EAGERCL_TUNING");
  char *saved = given ? NULL : load_text(device);
  if (given || saved)
    eager__tuning_apply(device->physical, given ? given : saved, &device->traits);
  eager__free(saved);
}

/* The cache tells nothing of what it stored: so it is asked for it again. */
static bool is_kept(const char *key, const char *text) {
  void *data = NULL;
  size_t size = 0;
  bool kept = eager__cache_load(key, &data, &size) && size == strlen(text) &&
              memcmp(data, text, size) == 0;
  eager__free(data);
  return kept;
}

bool eager__tuning_save(const eager__device *device, const char *text) {
  char *key = make_key(device);
  if (!key) return false;
  if (*text)
    eager__cache_store(key, text, strlen(text));
  else
    eager__cache_remove(key);
  bool fine = !*text || is_kept(key, text);
  eager__free(key);
  return fine;
}
