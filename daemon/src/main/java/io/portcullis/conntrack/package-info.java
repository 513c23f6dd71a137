/**
 * Connection tracking: {@link io.portcullis.conntrack.FlowTable} holds one {@link io.portcullis.conntrack.Flow} per
 * connection, the trackers ({@link io.portcullis.conntrack.TcpTracker}, {@link io.portcullis.conntrack.UdpTracker})
 * follow it packet by packet, {@link io.portcullis.conntrack.FlowTimeouts} says when it is forgotten. A table belongs to one
 * worker's thread; time is an argument; nothing here knows a rule.
 *
 * <p>May import {@code packet}. Start reading at {@code FlowTable}.
 */
@NullMarked
package io.portcullis.conntrack;

import org.jspecify.annotations.NullMarked;
