/**
 * A NIC's offloads and size limits, read and changed with ioctl(SIOCETHTOOL) and rtnetlink.
 *
 * <p>May import {@code linux}, {@code linux.netlink} and {@code net}. Start reading at {@link
 * io.portcullis.linux.ethtool.Offloads}.
 */
@NullMarked
package io.portcullis.linux.ethtool;

import org.jspecify.annotations.NullMarked;
