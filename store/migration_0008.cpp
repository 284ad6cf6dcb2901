// A number that was given to another line of work. Never edited after a release: see
// store/migrations.hpp.

#include "store/migrations.hpp"

namespace hairpin::store {

extern const Migration kMigration0008;
const Migration kMigration0008 = {8, "nothing", "-- Nothing."};

}  // namespace hairpin::store
