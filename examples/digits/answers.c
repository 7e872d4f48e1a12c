#include "answers.h"

#include "try.h"

#include <stdlib.h>

static eager_status read_back(eager_tensor *classes, eager_tensor *confidence,
                              answers *out) {
  TRY(eager_tensor_to_host(classes, out->classes, eager_tensor_byte_size(classes)));
  return eager_tensor_to_host(confidence, out->confidence,
                              eager_tensor_byte_size(confidence));
}

static eager_status ask(const model *m, const samples *asked, int64_t inputs,
                        answers *out) {
  int64_t dims[] = {asked->count, inputs};
  eager_tensor *images, *classes, *confidence;
  TRY(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, asked->pixels, &images));
  eager_status status = model_predict(m, images, &classes, &confidence);
  eager_tensor_release(images);
  if (status == EAGER_OK) {
    status = read_back(classes, confidence, out);
    eager_tensor_release(classes);
    eager_tensor_release(confidence);
  }
  return status;
}

eager_status answers_get(const model *m, const samples *asked, int64_t inputs,
                         answers *out) {
  size_t count = (size_t)asked->count;
  *out = (answers){.count = asked->count,
                   .classes = calloc(count, sizeof *out->classes),
                   .confidence = calloc(count, sizeof *out->confidence)};
  eager_status status = EAGER_RESOURCE_EXHAUSTED;
  if (out->classes && out->confidence) {
    status = ask(m, asked, inputs, out);
  }
  if (status != EAGER_OK) {
    answers_free(out);
    return status;
  }
  for (size_t i = 0; i < count; i++) {
    out->correct += out->classes[i] == asked->labels[i];
  }
  return EAGER_OK;
}

void answers_free(answers *a) {
  free(a->classes);
  free(a->confidence);
  *a = (answers){0};
}
