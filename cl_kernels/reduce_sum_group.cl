/* Sums, behind reduce_group.cl and reduce_kernel.cl. */

REDUCE_GROUP(sum_group, FOLD_SUM)
FINISH_GROUP(sum_group_finish, FOLD_SUM)
