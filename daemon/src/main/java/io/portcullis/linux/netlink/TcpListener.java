package io.portcullis.linux.netlink;

/**
 * A TCP socket of this network namespace that listens for connections (include/uapi/linux/inet_diag.h).
 *
 * @param uid the user who opened it, as a number of the caller's user namespace
 * @param inode of the socket, as {@code /proc/PID/fd} shows it
 * @param cgroup inode of the control group's folder (version 2) in which it was opened; 0: the kernel does not report it
 *     (before Linux 5.7)
 */
public record TcpListener(int port, int uid, long inode, long cgroup) {}
