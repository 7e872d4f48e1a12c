#include "known.h"

#include "known_text.h"
#include "report.h"

/* ---- What is known ---- */

/* The line of a test behind its name, or NULL. */
static const char *line_of(const char *group_name, const char *test) {
  char start[160];
  int size = snprintf(start, sizeof start, "\n%s %s ", group_name, test);
  const char *text = (const char *)known_text, *at = strstr(text, start);
  return at != NULL ? at + size : NULL;
}

double known_seconds(const char *group_name, const char *test) {
  const char *line = line_of(group_name, test);
  double seconds = line != NULL ? strtod(line, NULL) : 1;
  return seconds > 0.02 ? seconds : 0.02;
}

static bool has_op(const char *line, const char *op, const char *end) {
  char word[WATCH_NAME + 2];
  size_t size = (size_t)snprintf(word, sizeof word, " %s", op);
  for (const char *at = line; (at = strstr(at, word)) != NULL; at += size) {
    if (end != NULL && at >= end) return false;
    if (at[size] == ' ' || at[size] == '\n' || at[size] == '\0') return true;
  }
  return false;
}

bool known_computes(const char *group_name, const char *test, const char *op) {
  const char *text = (const char *)known_text, *line = line_of(group_name, test);
  if (!has_op(text, op, NULL)) return true; /* nowhere: it is new */
  if (line == NULL) return true;            /* so is the test */
  return has_op(line, op, strchr(line, '\n'));
}

/* ---- What this run learns ---- */

typedef struct lesson {
  char name[120]; /* group and test */
  double seconds;
  char *ops; /* " Abs Neg" */
} lesson;

static lesson *lessons;
static int lesson_count;

static lesson *lesson_of(const char *group_name, const char *test) {
  char name[120];
  snprintf(name, sizeof name, "%s %s", group_name, test);
  for (int i = 0; i < lesson_count; i++)
    if (strcmp(lessons[i].name, name) == 0) return &lessons[i];
  lesson *more = allocated((size_t)(lesson_count + 1) * sizeof *more);
  if (lessons != NULL) memcpy(more, lessons, (size_t)lesson_count * sizeof *more);
  free(lessons);
  lessons = more;
  lesson *made = &lessons[lesson_count++];
  *made = (lesson){.ops = copied("")};
  snprintf(made->name, sizeof made->name, "%s", name);
  return made;
}

void known_note(const char *group_name, const char *test, const char *op) {
  lesson *l = lesson_of(group_name, test);
  if (has_op(l->ops, op, NULL)) return;
  char *more = allocated(strlen(l->ops) + strlen(op) + 1);
  sprintf(more, "%s %s", l->ops, op);
  free(l->ops);
  l->ops = more;
}

void known_note_seconds(const char *group_name, const char *test, double seconds) {
  lesson *l = lesson_of(group_name, test);
  if (seconds > l->seconds) l->seconds = seconds;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const lesson *)a)->name, ((const lesson *)b)->name);
}

bool known_write(const char *path) {
  FILE *file = report_open(path);
  if (file == NULL) return false;
  qsort(lessons, (size_t)lesson_count, sizeof *lessons, by_name);
  fprintf(file, "# Made by eagercl-matrix --learn; see known.h.\n");
  for (int i = 0; i < lesson_count; i++)
    fprintf(file, "%s %.2g%s\n", lessons[i].name, lessons[i].seconds, lessons[i].ops);
  return report_close(file, path);
}
