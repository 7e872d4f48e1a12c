/* Sums over all positions of each channel: what normalisations and their gradients are made
 * of. cl_kernels/channel_sums.cl is the other half and says what is summed. */
#ifndef EAGER_OPS_CHANNEL_SUMS_H
#define EAGER_OPS_CHANNEL_SUMS_H

#include "runtime/commands.h"

/* The kernels' `channel_shape`. */
typedef struct eager__channels {
  int64_t outer, channels, inner, parts, part, lanes, centred;
} eager__channels;

typedef enum eager__summed {
  EAGER__SUM_MEAN,
  EAGER__SUM_SQUARES,
  EAGER__SUM_SLOPES,
  EAGER__SUM_WEIGHTED,
  EAGER__SUM_BY_ROW,
} eager__summed;

/* Those that a sum does not look at may be anywhere. */
typedef struct eager__sum_operands {
  eager__spot x, dy, gamma; /* of the call's dtype */
  eager__spot mean, scale;  /* of the type it is computed in */
} eager__sum_operands;

/* x as [outer][channels][inner], not cut yet. One channel has no rows of channels: its
 * positions lie behind each other, unless `by_row`. */
eager__channels eager__channels_make(int64_t outer, int64_t channels, int64_t inner,
                                     bool by_row);

/* Adds the kernel that leaves both sums of every part and channel in a new scratch, whose
 * number is `*out_partials`; cuts `channels` into parts. */
eager_status eager__add_channel_sums(eager__commands *commands, eager__summed what,
                                     eager__channels *channels,
                                     const eager__sum_operands *operands,
                                     int *out_partials);

/* Adds finish_mean. */
eager_status eager__add_finish_mean(eager__commands *commands,
                                    const eager__channels *channels, int partials,
                                    eager__spot means);

#endif
