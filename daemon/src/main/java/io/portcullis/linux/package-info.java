/**
 * The kernel and the C library as they are: the only package with native calls (no other names {@code Linker},
 * {@code SymbolLookup} or {@code reinterpret}).
 *
 * <p>Three doors, one behind the other: what callers want ({@link io.portcullis.linux.netlink.Nics},
 * {@link io.portcullis.linux.ethtool.Offloads}, {@link io.portcullis.linux.netlink.LinkWatch},
 * {@link io.portcullis.linux.packet.PacketSocket}, {@link io.portcullis.linux.SdNotify}, {@link io.portcullis.linux.Inotify}) → the protocol ({@code Netlink}:
 * rtnetlink messages; {@link io.portcullis.linux.packet.SocketFilter}: classic BPF) → C as C is ({@code Libc}: one method per
 * function, which answers a negated errno and throws for nothing that the kernel says). A refusal reaches callers as
 * {@link io.portcullis.linux.ErrnoException}, with the call, the errno's name and its text.
 *
 * <p>All of it acts in the network namespace of the calling thread. Imports nothing of the other rooms. Start reading at
 * {@code Libc}.
 */
@NullMarked
package io.portcullis.linux;

import org.jspecify.annotations.NullMarked;
