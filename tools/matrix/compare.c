#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "matrix.h"

enum { MOST_SHOWN = 60 };

/* ---- One result ---- */

static bool is_bad(const char *section, const char *status) {
  if (strcmp(status, "fail") == 0) return true;
  return strcmp(section, "quirks") != 0 &&
         (strcmp(status, "crash") == 0 || strcmp(status, "hang") == 0);
}

static bool is_absent(const char *status) {
  return *status == '\0' || strcmp(status, "skip") == 0;
}

static change compare_quirks(change_side before, change_side after) {
  if (is_absent(before.status) && is_absent(after.status)) return CHANGE_NONE;
  bool same = strcmp(before.status, after.status) == 0;
  /* Errors of functions are measured; other answers are the same or not. */
  bool told = strstr(before.text, " ulp") == NULL && strcmp(before.text, after.text) != 0;
  bool died = strcmp(after.status, "crash") == 0 || strcmp(after.status, "hang") == 0;
  return same && (died || !told) ? CHANGE_NONE : CHANGE_QUIRK;
}

change compare_sides(const char *section, change_side before, change_side after) {
  bool was_bad = is_bad(section, before.status), bad = is_bad(section, after.status);
  if (bad && !was_bad) return CHANGE_WORSE;
  if (bad) return strcmp(before.status, after.status) ? CHANGE_OTHER_BAD : CHANGE_NONE;
  if (strcmp(section, "quirks") == 0 && !was_bad) return compare_quirks(before, after);
  if (is_absent(after.status)) return is_absent(before.status) ? CHANGE_NONE : CHANGE_LOST;
  if (was_bad) return CHANGE_FIXED;
  if (is_absent(before.status)) return CHANGE_GAINED;
  double larger = fmax(before.ulps, after.ulps), off = fabs(before.ulps - after.ulps);
  return off > 0.05 && off > 0.1 * larger ? CHANGE_ULPS : CHANGE_NONE;
}

/* ---- Two files ---- */

static char *file_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t size = 0, got = 0;
  if (file == NULL) {
    fprintf(stderr, "eagercl-matrix: cannot read %s: %s\n", path, strerror(errno));
    return NULL;
  }
  do {
    size += got;
    char *more = realloc(text, size + 65537);
    if (more == NULL) break;
    text = more;
    got = fread(text + size, 1, 65536, file);
  } while (got > 0);
  if (text != NULL) text[size] = '\0';
  fclose(file);
  return text;
}

static const char *text_in(const json *object, const char *key) {
  const json *found = json_member(object, key);
  return found != NULL && found->kind == JSON_STRING ? found->text : "";
}

static double number_in(const json *object, const char *key) {
  const json *found = json_member(object, key);
  return found != NULL && found->kind == JSON_NUMBER ? found->number : 0;
}

static const json *read_file(const char *path) {
  char why[200];
  char *text = file_text(path);
  const json *whole = text != NULL ? json_read(text, why, sizeof why) : NULL;
  if (text != NULL && whole == NULL) fprintf(stderr, "eagercl-matrix: %s: %s\n", path, why);
  if (whole != NULL &&
      (json_member(whole, "results") == NULL || json_member(whole, "devices") == NULL)) {
    fprintf(stderr, "eagercl-matrix: %s was not written by --json\n", path);
    whole = NULL;
  }
  free(text);
  return whole;
}

static const json *device_at(const json *whole, int number) {
  const json *each = json_member(whole, "devices")->first;
  while (each != NULL && number-- > 0) each = each->next;
  return each;
}

static bool has_results(const json *whole, int number) {
  for (const json *r = json_member(whole, "results")->first; r != NULL; r = r->next)
    if ((int)number_in(r, "device") == number) return true;
  return false;
}

/* Which device of `before` each one of `after` is: the same platform and device, else the
 * next that is left. -1: none. */
static void pair_devices(const json *before, const json *after, int *pair) {
  bool taken[MAX_DEVICES] = {false};
  for (int round = 0; round < 2; round++)
    for (int a = 0; a < MAX_DEVICES; a++) {
      const json *here = device_at(after, a);
      if (round == 0) pair[a] = -1;
      if (here == NULL || pair[a] >= 0 || !has_results(after, a)) continue;
      for (int b = 0; b < MAX_DEVICES && pair[a] < 0; b++) {
        const json *there = device_at(before, b);
        if (there == NULL || taken[b] || !has_results(before, b)) continue;
        bool same = strcmp(text_in(here, "device"), text_in(there, "device")) == 0 &&
                    strcmp(text_in(here, "platform"), text_in(there, "platform")) == 0;
        if (round == 0 && !same) continue;
        pair[a] = b;
        taken[b] = true;
      }
    }
}

/* ---- Differences ---- */

typedef struct difference {
  change kind;
  char key[200];
  char what[200];
} difference;

static difference *differences;
static int difference_count;

static void add(change kind, const char *name, const json *r, change_side before,
                change_side after) {
  if (kind == CHANGE_NONE) return;
  difference *more =
      realloc(differences, (size_t)(difference_count + 1) * sizeof *differences);
  if (more == NULL) return;
  differences = more;
  difference *d = &differences[difference_count++];
  d->kind = kind;
  snprintf(d->key, sizeof d->key, "%s: %s %s %s %s", name, text_in(r, "section"),
           text_in(r, "row"), text_in(r, "dtype"), text_in(r, "mode"));
  if (kind == CHANGE_ULPS)
    snprintf(d->what, sizeof d->what, "%.3g -> %.3g ulp", before.ulps, after.ulps);
  else
    snprintf(d->what, sizeof d->what, "%s -> %s%s%.120s",
             *before.status ? before.status : "nothing",
             *after.status ? after.status : "nothing", *after.text ? ": " : "", after.text);
  d->what[strcspn(d->what, "\n")] = '\0';
}

static change_side side_of(const json *r) {
  return (change_side){text_in(r, "status"), text_in(r, "text"), number_in(r, "ulps")};
}

static bool same_row(const json *a, const json *b) {
  static const char *const keys[] = {"row", "dtype", "mode", "section"};
  for (int i = 0; i < 4; i++)
    if (strcmp(text_in(a, keys[i]), text_in(b, keys[i])) != 0) return false;
  return true;
}

/* Results of one device and row stand in the same order in two files of one suite: the
 * search goes on where the last one ended. */
static const json *find_row(const json *results_of, const json **from, const json *like,
                            int number) {
  const json *begin = *from != NULL ? *from : results_of->first, *each = begin;
  while (each != NULL) {
    if ((int)number_in(each, "device") == number && same_row(each, like)) {
      *from = each->next;
      return each;
    }
    each = each->next != NULL ? each->next : results_of->first;
    if (each == begin) break;
  }
  return NULL;
}

static void compare_device(const json *before, const json *after, int b, int a) {
  const json *old = json_member(before, "results"), *fresh = json_member(after, "results");
  const char *name = text_in(device_at(after, a), "name");
  const json *from = NULL;
  static const change_side none = {"", "", 0};
  for (const json *r = fresh->first; r != NULL; r = r->next) {
    if ((int)number_in(r, "device") != a) continue;
    const json *found = b >= 0 ? find_row(old, &from, r, b) : NULL;
    change_side one = found != NULL ? side_of(found) : none, two = side_of(r);
    add(compare_sides(text_in(r, "section"), one, two), name, r, one, two);
  }
  from = NULL;
  for (const json *r = old->first; r != NULL && b >= 0; r = r->next)
    if ((int)number_in(r, "device") == b && find_row(fresh, &from, r, a) == NULL) {
      change_side one = side_of(r);
      add(compare_sides(text_in(r, "section"), one, none), name, r, one, none);
    }
}

static void tell_pair(const json *before, const json *after, int b, int a) {
  const json *one = b >= 0 ? device_at(before, b) : NULL, *two = device_at(after, a);
  printf("%s: %s, %s, driver %s\n", text_in(two, "name"), text_in(two, "device"),
         text_in(two, "platform"), text_in(two, "driver_version"));
  if (one == NULL)
    printf("  not in the first file\n");
  else
    printf("  before: %s, %s, driver %s\n", text_in(one, "device"),
           text_in(one, "platform"), text_in(one, "driver_version"));
}

static int tell(void) {
  static const char *const titles[CHANGES] = {[CHANGE_WORSE] = "New failures",
                                              [CHANGE_OTHER_BAD] = "Failing otherwise",
                                              [CHANGE_FIXED] = "Fixed",
                                              [CHANGE_LOST] = "No longer run",
                                              [CHANGE_GAINED] = "Now run",
                                              [CHANGE_ULPS] = "Other largest errors",
                                              [CHANGE_QUIRK] = "Drivers' other answers"};
  int worse = 0;
  for (int kind = CHANGE_WORSE; kind < CHANGES; kind++) {
    int count = 0;
    for (int i = 0; i < difference_count; i++) count += (int)differences[i].kind == kind;
    if (count == 0) continue;
    if (kind == CHANGE_WORSE) worse = count;
    printf("\n%s: %d\n", titles[kind], count);
    for (int i = 0, shown = 0; i < difference_count; i++)
      if ((int)differences[i].kind == kind &&
          (kind <= CHANGE_FIXED || shown++ < MOST_SHOWN))
        printf("  %s: %s\n", differences[i].key, differences[i].what);
    if (kind > CHANGE_FIXED && count > MOST_SHOWN)
      printf("  ... %d more\n", count - MOST_SHOWN);
  }
  if (difference_count == 0) printf("\nNo differences.\n");
  return worse > 0 ? 1 : 0;
}

int compare_files(const char *before_path, const char *after_path) {
  const json *before = read_file(before_path), *after = read_file(after_path);
  int pair[MAX_DEVICES];
  if (before == NULL || after == NULL) return 2;
  pair_devices(before, after, pair);
  for (int a = 0; a < MAX_DEVICES; a++) {
    if (device_at(after, a) == NULL || !has_results(after, a)) continue;
    tell_pair(before, after, pair[a], a);
    compare_device(before, after, pair[a], a);
  }
  int worse = tell();
  free(differences);
  return worse;
}
