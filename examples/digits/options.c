#include "options.h"

#include "complain.h"

#include <stdio.h>
#include <string.h>

static const char help_text[] =
    "Usage: digits [OPTION]...\n"
    "Trains a classifier of handwritten digits, eagerly, on an OpenCL device.\n"
    "\n"
    "  --device NAME      where to train, for example GPU:0; eagercl-info lists the names\n"
    "  --policy P         explicit, warn, silent or silent_for_int32\n"
    "  --mode M           sync or async\n"
    "  --graph            run each step as a graph that was recorded once\n"
    "  --epochs N         passes over the training digits (30)\n"
    "  --batch N          digits in one step (64)\n"
    "  --seed N           of the first weights and of the order of the digits (0)\n"
    "  --data FILE        the digits as CSV, plain or gzipped (digits.csv.gz, shipped)\n"
    "  --mnist FOLDER     train on the four MNIST IDX files in FOLDER instead\n"
    "  --save FOLDER      write the weights as w1.npy b1.npy w2.npy b2.npy\n"
    "  --quiet            print the test accuracy only\n"
    "  --check-reference  train in plain C as well, compare, and fail if they differ\n"
    "  --help             print this text\n"
    "\n"
    "An option and its value are two words, or one with '=' between them.\n"
    "Exit status: 0 fine; 1 training failed, or differs from the reference; 2 bad\n"
    "options or data.\n";

void options_print_help(void) {
  fputs(help_text, stdout);
}

typedef struct choice {
  const char *name;
  int value;
} choice;

static const choice policies[] = {
    {"explicit", EAGER_DEVICE_PLACEMENT_EXPLICIT},
    {"warn", EAGER_DEVICE_PLACEMENT_WARN},
    {"silent", EAGER_DEVICE_PLACEMENT_SILENT},
    {"silent_for_int32", EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32},
    {NULL, 0}};
static const choice modes[] = {{"sync", EAGER_SYNC}, {"async", EAGER_ASYNC}, {NULL, 0}};

static bool choose(const char *value, const choice *choices, int *out) {
  for (const choice *c = choices; c->name; c++) {
    if (strcmp(value, c->name) == 0) {
      *out = c->value;
      return true;
    }
  }
  return false;
}

static bool read_whole(const char *option, const char *value, int64_t lowest,
                       int64_t highest, int64_t *out) {
  int64_t number = 0;
  const char *c = value;
  while (*c >= '0' && *c <= '9' && number <= (highest - (*c - '0')) / 10) {
    number = 10 * number + (*c++ - '0');
  }
  if (c == value || *c || number < lowest) {
    return complain("%s: '%s' is not a whole number from %lld to %lld", option, value,
                    (long long)lowest, (long long)highest);
  }
  *out = number;
  return true;
}

/* One row per option: where its value goes. The kinds decide how the value is read. */
typedef enum kind { TEXT, WHOLE, POLICY, MODE, SWITCH } kind;

typedef struct option {
  const char *name;
  kind kind;
  void *target;
  int64_t lowest, highest; /* WHOLE */
} option;

static bool set_policy(const option *o, const char *value) {
  int chosen;
  if (!choose(value, policies, &chosen)) {
    return complain("%s: '%s' is not explicit, warn, silent or silent_for_int32", o->name,
                    value);
  }
  *(eager_device_policy *)o->target = (eager_device_policy)chosen;
  return true;
}

static bool set_mode(const option *o, const char *value) {
  int chosen;
  if (!choose(value, modes, &chosen)) {
    return complain("%s: '%s' is not sync or async", o->name, value);
  }
  *(eager_execution_mode *)o->target = (eager_execution_mode)chosen;
  return true;
}

static bool set_value(const option *o, const char *value) {
  switch (o->kind) {
  case WHOLE:
    return read_whole(o->name, value, o->lowest, o->highest, o->target);
  case POLICY:
    return set_policy(o, value);
  case MODE:
    return set_mode(o, value);
  default:
    *(const char **)o->target = value;
    return *value || complain("%s: the value is empty", o->name);
  }
}

/* The option whose name is all of `word`, or `word` up to its '='. */
static const option *find(const option *table, const char *word) {
  for (const option *o = table; o->name; o++) {
    size_t length = strlen(o->name);
    bool ends = word[length] == '\0' || (word[length] == '=' && o->kind != SWITCH);
    if (strncmp(word, o->name, length) == 0 && ends) {
      return o;
    }
  }
  return NULL;
}

static bool parse_words(const option *table, char **word) {
  while (*word) {
    const option *o = find(table, *word);
    if (!o) {
      return complain("unknown option '%s'; see digits --help", *word);
    }
    if (o->kind == SWITCH) {
      *(bool *)o->target = true;
      word++;
      continue;
    }
    const char *equals = strchr(*word, '=');
    const char *value = equals ? equals + 1 : word[1];
    if (!value) {
      return complain("%s: a value must follow", o->name);
    }
    if (!set_value(o, value)) {
      return false;
    }
    word += equals ? 1 : 2;
  }
  return true;
}

bool options_parse(int argc, char **argv, options *out) {
  *out = (options){.policy = EAGER_DEVICE_PLACEMENT_AUTO,
                   .mode = EAGER_EXECUTION_AUTO,
                   .plan = {.epochs = 30, .batch = 64, .seed = 0, .rate = 0.5f}};
  const option table[] = {{"--device", TEXT, &out->device, 0, 0},
                          {"--policy", POLICY, &out->policy, 0, 0},
                          {"--mode", MODE, &out->mode, 0, 0},
                          {"--graph", SWITCH, &out->graph, 0, 0},
                          {"--epochs", WHOLE, &out->plan.epochs, 1, 100000},
                          {"--batch", WHOLE, &out->plan.batch, 1, 1000000},
                          {"--seed", WHOLE, &out->plan.seed, 0, INT64_MAX},
                          {"--data", TEXT, &out->data, 0, 0},
                          {"--mnist", TEXT, &out->mnist, 0, 0},
                          {"--save", TEXT, &out->save, 0, 0},
                          {"--quiet", SWITCH, &out->quiet, 0, 0},
                          {"--check-reference", SWITCH, &out->check_reference, 0, 0},
                          {"--help", SWITCH, &out->help, 0, 0},
                          {0}};
  if (argc > 1 && !parse_words(table, argv + 1)) {
    return false;
  }
  if (out->data && out->mnist) {
    return complain("--data and --mnist exclude each other");
  }
  return true;
}
