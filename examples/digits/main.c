/* digits: trains a classifier of handwritten digits with eager ops, on any OpenCL device.
 *
 *   options.c            the command line
 *   csv.c  mnist.c       the digits: from files into dataset.h
 *   model.c              the classifier and one step of gradient descent: where the ops are
 *   train.c  answers.c   batches through the model; what it says of the test digits
 *   progress.c report.c draw.c   what is printed
 *   reference.c compare.c        the same in plain C, to check the eager one against */
#define _POSIX_C_SOURCE 200809L

#include "answers.h"
#include "compare.h"
#include "complain.h"
#include "file.h"
#include "model.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "train.h"
#include "try.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef DIGITS_DATA_DIR
#define DIGITS_DATA_DIR "examples/data"
#endif

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_BAD_INPUT = 2 };

enum { HIDDEN_DIGITS = 128, HIDDEN_MNIST = 512 };

/* Where the source tree has the digits, else, for a program that was moved, beside it. */
static bool load_shipped(const char *program, dataset *out) {
  static const char in_source[] = DIGITS_DATA_DIR "/digits.csv.gz";
  const char *slash = strrchr(program, '/');
  char beside[4096];
  snprintf(beside, sizeof beside, "%.*s/digits.csv.gz", slash ? (int)(slash - program) : 1,
           slash ? program : ".");
  bool moved = access(in_source, R_OK) != 0 && access(beside, R_OK) == 0;
  return dataset_load_digits(moved ? beside : in_source, out);
}

static bool load(const char *program, options *o, dataset *out) {
  o->plan.hidden = o->mnist ? HIDDEN_MNIST : HIDDEN_DIGITS;
  bool loaded = o->mnist  ? dataset_load_mnist(o->mnist, out)
                : o->data ? dataset_load_digits(o->data, out)
                          : load_shipped(program, out);
  if (loaded && o->plan.batch > out->train.count) {
    complain("--batch: %lld is more than the %lld training digits",
             (long long)o->plan.batch, (long long)out->train.count);
    dataset_free(out);
    return false;
  }
  return loaded;
}

/* Before the training, so that nobody trains in vain. */
static bool make_folder(const char *folder) {
  if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
    return complain("--save: cannot make %s: %s", folder, strerror(errno));
  }
  if (!file_is_folder(folder) || access(folder, W_OK | X_OK) != 0) {
    return complain("--save: %s is not a folder to write to", folder);
  }
  return true;
}

static int fail(eager_status status) {
  const char *text = eager_error_message();
  complain("%s", *text ? text : eager_status_name(status));
  return EXIT_FAILED;
}

/* What the program holds while it runs; released in one place, after a failure too. */
typedef struct run {
  const options *o;
  dataset data;
  model model;
  progress display;
  loss_record losses;
  answers answers;
} run;

static int report(run *r) {
  if (!r->o->quiet) {
    putchar('\n');
  }
  report_accuracy(&r->answers);
  if (!r->o->quiet) {
    report_confusion(&r->answers, &r->data.test);
    report_digits(&r->answers, &r->data.test, r->data.side);
    eager_status status = report_copies();
    if (status != EAGER_OK) {
      return fail(status);
    }
  }
  bool good = !r->o->check_reference ||
              compare_with_reference(&r->data, &r->o->plan, &r->losses, &r->answers);
  return good ? EXIT_FINE : EXIT_FAILED;
}

static eager_status train_and_ask(run *r) {
  const options *o = r->o;
  int64_t inputs = r->data.side * r->data.side;
  TRY(model_init(&r->model, inputs, o->plan.hidden, o->plan.seed));
  if (o->graph) {
    TRY(model_use_graph(&r->model, &o->plan.rate));
  }
  if (!o->quiet) {
    TRY(report_device(r->model.w1));
    printf("%lld training digits, %lld test digits\n\n", (long long)r->data.train.count,
           (long long)r->data.test.count);
  }
  progress_begin(&r->display, &o->plan, r->data.train.count, o->quiet);
  eager_status status =
      train(&r->model, &r->data.train, inputs, &o->plan, &r->display, &r->losses);
  progress_end(&r->display);
  TRY(status);
  TRY(answers_get(&r->model, &r->data.test, inputs, &r->answers));
  return o->save ? model_save(&r->model, o->save) : EAGER_OK;
}

/* Everything on one device: the scope holds for the digits and for every op on them, so
   that each policy, also EXPLICIT, is content. */
static int run_on_device(run *r) {
  if (r->o->device && eager_push_device(r->o->device) != EAGER_OK) {
    complain("--device: %s", eager_error_message());
    return EXIT_BAD_INPUT;
  }
  if (r->o->save && !make_folder(r->o->save)) {
    return EXIT_BAD_INPUT;
  }
  eager_status status = train_and_ask(r);
  int code = status == EAGER_OK ? report(r) : fail(status);
  answers_free(&r->answers);
  model_release(&r->model);
  return code;
}

int main(int argc, char **argv) {
  options o;
  run r = {.o = &o};
  if (!options_parse(argc, argv, &o)) {
    return EXIT_BAD_INPUT;
  }
  if (o.help) {
    options_print_help();
    return EXIT_FINE;
  }
  if (!load(argc > 0 ? argv[0] : "", &o, &r.data)) {
    return EXIT_BAD_INPUT;
  }
  eager_status status = eager_enable_execution(NULL, o.policy, o.mode);
  int code = status == EAGER_OK ? run_on_device(&r) : fail(status);
  status = eager_shutdown();
  if (status != EAGER_OK && code == EXIT_FINE) {
    code = fail(status);
  }
  dataset_free(&r.data);
  return code;
}
