#include "cl/user_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/sync.h"

/* --- Families, kept until shutdown, and names, kept for good --- */

typedef struct kept {
  struct kept *next;
  eager__family family;
  eager__user_source source;
} kept;

typedef struct kept_name {
  struct kept_name *next;
  char text[];
} kept_name;

typedef struct made_kernel {
  struct made_kernel *next;
  const eager__family *family;
  const char *name;
  char text[];
} made_kernel;

enum { SLOTS = 256 };

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static kept *families;
static kept_name *names;
static made_kernel *kernels[SLOTS]; /* by text */

static bool same_source(const eager__user_source *a, const eager__user_source *b) {
  return a->write == b->write && a->inputs == b->inputs &&
         strcmp(a->options, b->options) == 0 && strcmp(a->written, b->written) == 0;
}

static void free_kept(kept *each) {
  if (each == NULL) return;
  eager__free((void *)each->source.text);
  eager__free((void *)each->source.options);
  eager__free((void *)each->source.written);
  eager__free(each);
}

/* Allocated. */
static char *make_text(const eager__user_source *source) {
  if (source->write == NULL) return eager__strdup(source->written);
  eager__strbuf text = {0};
  source->write(source, &text);
  return eager__strbuf_take(&text);
}

static kept *make_kept(const eager__family *wanted, const eager__user_source *source) {
  kept *made = eager__alloc(sizeof *made);
  if (made == NULL) return NULL;
  made->source = *source;
  made->source.text = make_text(source);
  made->source.of = NULL;
  made->source.options = eager__strdup(source->options);
  made->source.written = eager__strdup(source->written);
  made->family = *wanted;
  made->family.user = &made->source;
  if (made->source.text && made->source.options && made->source.written) return made;
  free_kept(made);
  return NULL;
}

/* Lock held. */
static kept *find_or_make(const eager__family *wanted, const eager__user_source *source) {
  for (kept *each = families; each != NULL; each = each->next)
    if (same_source(&each->source, source)) return each;
  kept *made = make_kept(wanted, source);
  if (made == NULL) return NULL;
  made->next = families;
  families = made;
  return made;
}

eager_status eager__user_family(const eager__family *wanted,
                                const eager__user_source *source,
                                const eager__family **out) {
  eager__mutex_lock(&lock);
  kept *found = find_or_make(wanted, source);
  eager__mutex_unlock(&lock);
  if (found == NULL) return eager__out_of_memory(strlen(source->written));
  *out = &found->family;
  return EAGER_OK;
}

/* Lock held. */
static kept_name *find_or_make_name(const char *name) {
  for (kept_name *each = names; each != NULL; each = each->next)
    if (strcmp(each->text, name) == 0) return each;
  size_t size = strlen(name) + 1;
  kept_name *made = eager__alloc(sizeof *made + size);
  if (made == NULL) return NULL;
  memcpy(made->text, name, size);
  made->next = names;
  names = made;
  return made;
}

eager_status eager__user_kernel_name(const char *name, const char **out) {
  eager__mutex_lock(&lock);
  kept_name *found = find_or_make_name(name);
  eager__mutex_unlock(&lock);
  if (found == NULL) return eager__out_of_memory(strlen(name));
  *out = found->text;
  return EAGER_OK;
}

static made_kernel **slot_of(const char *text) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (; *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
  return &kernels[(hash ^ hash >> 16) % SLOTS];
}

/* Lock held. */
static made_kernel *find_kernel(const char *text) {
  made_kernel *each = *slot_of(text);
  while (each != NULL && strcmp(each->text, text) != 0) each = each->next;
  return each;
}

bool eager__made_kernel_find(const char *text, const eager__family **out_family,
                             const char **out_name) {
  eager__mutex_lock(&lock);
  const made_kernel *found = find_kernel(text);
  eager__mutex_unlock(&lock);
  if (found == NULL) return false;
  *out_family = found->family;
  *out_name = found->name;
  return true;
}

eager_status eager__made_kernel_keep(const char *text, const eager__family *family,
                                     const char *name) {
  size_t size = strlen(text) + 1;
  made_kernel *made = eager__alloc(sizeof *made + size);
  if (made == NULL) return eager__out_of_memory(size);
  made->family = family;
  made->name = name;
  memcpy(made->text, text, size);
  eager__mutex_lock(&lock);
  made_kernel **slot = slot_of(text);
  bool is_new = find_kernel(text) == NULL;
  if (is_new) {
    made->next = *slot;
    *slot = made;
  }
  eager__mutex_unlock(&lock);
  if (!is_new) eager__free(made);
  return EAGER_OK;
}

static void free_kernels(void) {
  for (int i = 0; i < SLOTS; i++)
    for (made_kernel *next; kernels[i] != NULL; kernels[i] = next) {
      next = kernels[i]->next;
      eager__free(kernels[i]);
    }
}

void eager__user_programs_close(void) {
  free_kernels();
  for (kept *next; families != NULL; families = next) {
    next = families->next;
    free_kept(families);
  }
}

/* --- Showing source --- */

enum { SHOWN_LINES = 40, NEAR_LINES = 2 };

static int count_lines(const char *text) {
  int count = 0;
  for (; *text != '\0'; text = strchr(text, '\n') + 1) {
    count++;
    if (strchr(text, '\n') == NULL) break;
  }
  return count;
}

/* Whether `log` has ":<line>:" for a line that is near this one. */
static bool is_near(const char *log, int line) {
  while ((log = strchr(log, ':')) != NULL) {
    char *end;
    long named = strtol(++log, &end, 10);
    if (end == log || *end != ':') continue;
    if (named >= line - NEAR_LINES && named <= line + NEAR_LINES) return true;
  }
  return false;
}

static bool is_any_near(const char *log, int lines) {
  for (int line = 1; line <= lines; line++)
    if (is_near(log, line)) return true;
  return false;
}

void eager__write_numbered(const char *text, const char *log, eager__strbuf *out) {
  int lines = count_lines(text), shown = 0;
  bool choose = lines > SHOWN_LINES && is_any_near(log, lines);
  for (int line = 1; line <= lines && shown < SHOWN_LINES; line++) {
    size_t size = strcspn(text, "\n");
    if (!choose || is_near(log, line)) {
      eager__strbuf_format(out, "%5d | %.*s\n", line, (int)size, text);
      shown++;
    }
    text += size + (text[size] == '\n');
  }
  if (shown < lines) eager__strbuf_format(out, "      | (%d lines in all)\n", lines);
}
