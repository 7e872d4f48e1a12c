/* What the by-name door knows of ops and tells in its errors. */
#ifndef EAGER_OPS_CATALOGUE_H
#define EAGER_OPS_CATALOGUE_H

#include "base/strbuf.h"
#include "runtime/op_record.h"

/* The record; NOT_FOUND names what comes near. */
eager_status eager__catalogue_find(const char *name, const eager__op **out);

/* Appends "its attributes are: axis (int), keep_dims (bool)". */
void eager__catalogue_list_attrs(const eager__op *op, eager__strbuf *out);

int eager__op_attr_count(const eager__op *op);

#endif
