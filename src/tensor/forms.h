/* Forms: what was made of a buffer's bytes once, so that a kernel that reads them often
 * finds them laid out as it likes. A form is memory of its own on the buffer's device.
 *
 * Tensors are immutable, so a form never goes stale: it is kept until its buffer goes,
 * memory is short, or others may write to the buffer. What is in it depends on the bytes
 * and the key alone.
 *
 * A form is linked to its buffer while the commands that fill it are recorded, so that
 * nobody makes it twice, and found once they are on the compute queue. That is in order:
 * whoever finds it submits behind them, and may hold a reference as to any buffer of the
 * queue (pool.h, P1). All links are guarded by one lock, which is taken only where there is
 * a form or is to be one. */
#ifndef EAGER_TENSOR_FORMS_H
#define EAGER_TENSOR_FORMS_H

#include "tensor/buffer.h"

/* What a form is of, and how it is laid out. */
typedef struct eager__form_key {
  const void *layout; /* static; says how, and what the numbers mean */
  eager_dtype dtype;
  int64_t offset, rows, columns, row, column;
} eager__form_key;

/* The bytes of the form that `key` describes, one reference; NULL where there is none. */
eager__buffer *eager__form_find(eager__buffer *source, const eager__form_key *key);

/* A new one, `size` uninitialised bytes, one reference: where `source` was read by `key`
 * before (the two latest keys are remembered), is the library's alone, and memory is not
 * short. NULL elsewhere, with nothing recorded, and while another thread makes it. */
eager__buffer *eager__form_make(eager__buffer *source, const eager__form_key *key,
                                size_t size, eager__origin origin);

/* What fills `bytes`, the form made of `source`, is on the queue; or never will be. */
void eager__form_made(eager__buffer *source, const eager__buffer *bytes);
void eager__form_abandon(eager__buffer *source, const eager__buffer *bytes);

/* `source` shall have no form from now on: its memory is not the library's alone. */
void eager__forms_forbid(eager__buffer *source);

/* Drops the forms of `source`, which is about to go. */
void eager__forms_drop_of(eager__buffer *source);
/* Drops every form on `device`. `for_good`: memory is short, and what they were made of
 * gets no other. */
void eager__forms_drop(eager__device *device, bool for_good);
/* Drops every form: shutdown. */
void eager__forms_close(void);

#endif
