/* What systemd wants to hear and has to give: readiness, state, and listening sockets
 * (sd_notify(3), sd_listen_fds(3)). */
#ifndef TIDINGS_SDNOTIFY_H
#define TIDINGS_SDNOTIFY_H

/* Sends assignments such as "READY=1\nSTATUS=polling 12 feeds" to $NOTIFY_SOCKET; does nothing when
 * there is none. One datagram to a local socket, never waits. Loop thread. */
void sdnotify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first Unix and the first TCP socket handed over by socket activation ($LISTEN_FDS,
 * $LISTEN_PID), close-on-exec set, or -1. Called once, before threads start: it takes the variables
 * out of the environment. */
void sdnotify_listen_fds(int *ret_unix, int *ret_tcp);

#endif
