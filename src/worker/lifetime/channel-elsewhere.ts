/**
 * In HOLDFAST_CHANNEL, where LISTEN_PID was set anew for the app to see: this process was not started by the daemon itself, and has to
 * ask for what was passed to its worker.
 */
export const channelElsewhere = "elsewhere";
