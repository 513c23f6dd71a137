package io.portcullis.linux.netlink;

/**
 * A TCP socket of this network namespace that waits for connections (include/uapi/linux/inet_diag.h).
 *
 * @param uid the user that made it, as a number of the caller's user namespace
 * @param inode of the socket, as {@code /proc/PID/fd} shows it
 * @param cgroup inode of the folder of the control group (version 2) that it was made in; 0: the kernel does not tell
 *     (before Linux 5.7)
 */
public record TcpListener(int port, int uid, long inode, long cgroup) {}
