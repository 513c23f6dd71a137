/**
 * Users and groups of this host: who is at the other end of a socket ({@link io.portcullis.linux.user.SocketPeer}), and names and numbers
 * ({@link io.portcullis.linux.user.Users}, {@link io.portcullis.linux.user.Groups}), and what another user can see ({@link
 * io.portcullis.linux.user.UserThread}).
 *
 * <p>May import {@code linux}. Start reading at {@code SocketPeer}.
 */
@NullMarked
package io.portcullis.linux.user;

import org.jspecify.annotations.NullMarked;
