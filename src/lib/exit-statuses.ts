/** sysexits.h EX_CONFIG: nothing changes by trying again, so the unit has RestartPreventExitStatus=78. */
export const exitConfig = 78;
/** sysexits.h EX_TEMPFAIL, "start me again": the unit has RestartForceExitStatus=75 and SuccessExitStatus=75. */
export const exitReexec = 75;
