/* The few that order first, of each row: one walk instead of a sort. */
#ifndef EAGER_OPS_BEST_H
#define EAGER_OPS_BEST_H

#include "ops/order.h"

/* Whether this is the way for `order` on this device. */
bool eager__best_fits(const eager__commands *commands, const eager__order *order);

/* As eager__add_order, for what fits. */
void eager__add_best(eager__commands *commands, int input, const eager__order *order,
                     eager__ordered *out);

#endif
