/* The clock and the samples of a row. */
#pragma once

#include "bench.h"
#include "records.h"

enum { BENCH_SAMPLES = 9 };

/* Runs both sides in turns and fills out's times and ratio. False: a body failed. */
bool bench_measure(const bench_row *row, bool quick, bench_record *out);
/* Seconds of ours less the other's, of pairs too; least and most are the quartiles. */
bool bench_measure_cost(const bench_row *row, bool quick, bench_spread *out);
