/* Products, maxima and minima, behind reduce_group.cl and reduce_kernel.cl. */

REDUCE_GROUP(prod_group, FOLD_PROD)
REDUCE_GROUP(max_group, FOLD_MAX)
REDUCE_GROUP(min_group, FOLD_MIN)
FINISH_GROUP(prod_group_finish, FOLD_PROD)
FINISH_GROUP(max_group_finish, FOLD_MAX)
FINISH_GROUP(min_group_finish, FOLD_MIN)
