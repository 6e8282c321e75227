# dh --with holdfast, or Build-Depends: dh-sequence-holdfast. See dh_holdfast(1).
use strict;
use warnings;
use Debian::Debhelper::Dh_Lib;

# dh_installsystemd installs and enables the units; who starts, upgrades and stops them is dh_holdfast.
insert_after('dh_installsystemd', 'dh_holdfast');
add_command_options('dh_installsystemd', '--no-start', '--no-stop-on-upgrade', '--no-restart-after-upgrade');

1;
