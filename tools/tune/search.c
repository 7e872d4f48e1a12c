/* The search: pure but for the trials it asks for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tune.h"

static const double worth = 1.03; /* below, a gain is not told from noise */

void tune_values(const tune_tunable *tunables, int count, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; i < count && used < size; i++) {
    const tune_tunable *t = &tunables[i];
    if (t->best == t->builtin) continue;
    used += (size_t)snprintf(out + used, size - used, "%s%s=%d", used ? "," : "", t->name,
                             t->best);
  }
}

double tune_gain(const tune_times *a, const tune_times *b) {
  double sum = 0;
  if (a->count != b->count || a->count == 0) return 0;
  for (int i = 0; i < a->count; i++) sum += log(a->seconds[i] / b->seconds[i]);
  return exp(sum / a->count);
}

/* --- Reading what children print --- */

static const char *next_line(const char *at) {
  const char *end = strchr(at, '\n');
  return end ? end + 1 : at + strlen(at);
}

int tune_read_tunables(const char *text, tune_tunable *out, int room) {
  int count = 0;
  for (const char *at = text; *at && count < room; at = next_line(at)) {
    tune_tunable t = {0};
    int used = 0;
    if (sscanf(at, "tunable %47s %47s %d %d%n", t.name, t.area, &t.value, &t.builtin,
               &used) != 4)
      continue;
    t.best = t.builtin;
    const char *choices = at + used, *line_end = next_line(at);
    while (t.choice_count < TUNE_CHOICES) {
      char *end;
      long choice = strtol(choices, &end, 10);
      if (end == choices || end >= line_end) break;
      t.choices[t.choice_count++] = (int)choice;
      choices = end;
    }
    out[count++] = t;
  }
  return count;
}

void tune_read_times(const char *text, tune_times *out) {
  *out = (tune_times){0};
  for (const char *at = text; *at && out->count < TUNE_CASES; at = next_line(at)) {
    double seconds;
    if (sscanf(at, "case %*47s %lf", &seconds) == 1 && seconds > 0)
      out->seconds[out->count++] = seconds;
  }
}

/* --- Searching --- */

typedef struct state {
  const tune_search *search;
  tune_tunable *tunables;
  int count;
} state;

static void say(const state *s, const char *name, int value, const char *what) {
  char line[TUNE_TEXT + 96];
  snprintf(line, sizeof line, "  %s=%d: %s", name, value, what);
  s->search->say(s->search->user, line);
}

/* A trial of `tunable` at `value`, everything else at its best. */
static bool try_value(const state *s, tune_tunable *tunable, int value, tune_times *out,
                      char *why, size_t why_size) {
  char values[TUNE_TEXT];
  int best = tunable->best;
  tunable->best = value;
  tune_values(s->tunables, s->count, values, sizeof values);
  tunable->best = best;
  return s->search->trial(s->search->user, tunable->area, values, out, why, why_size);
}

/* The pair once more, in the other order: what the machine did meanwhile falls on the other
 * side. */
static bool confirm(const state *s, tune_tunable *tunable, int value) {
  tune_times with, without;
  char why[TUNE_TEXT];
  return try_value(s, tunable, value, &with, why, sizeof why) &&
         try_value(s, tunable, tunable->best, &without, why, sizeof why) &&
         tune_gain(&without, &with) >= worth;
}

static bool tune_one(const state *s, tune_tunable *tunable) {
  tune_times base, times;
  char text[TUNE_TEXT];
  if (!try_value(s, tunable, tunable->best, &base, text, sizeof text)) {
    say(s, tunable->name, tunable->best, text);
    return false;
  }
  double best_gain = worth;
  int best = tunable->best;
  for (int i = 0; i < tunable->choice_count; i++) {
    int value = tunable->choices[i];
    if (value == tunable->best) continue;
    if (s->search->left(s->search->user) <= 0) break;
    if (!try_value(s, tunable, value, &times, text, sizeof text)) {
      say(s, tunable->name, value, text);
      continue;
    }
    double gain = tune_gain(&base, &times);
    snprintf(text, sizeof text, "%.2f times as fast", gain);
    say(s, tunable->name, value, text);
    if (gain < best_gain) continue;
    best_gain = gain;
    best = value;
  }
  if (best != tunable->best && confirm(s, tunable, best)) {
    tunable->best = best;
    say(s, tunable->name, best, "taken");
  }
  return true;
}

bool tune_find(const tune_search *search, tune_tunable *tunables, int count) {
  state s = {search, tunables, count};
  bool any = false;
  for (int i = 0; i < count; i++) {
    if (tunables[i].choice_count < 2) continue;
    if (search->left(search->user) <= 0) break;
    any |= tune_one(&s, &tunables[i]);
  }
  return any;
}
