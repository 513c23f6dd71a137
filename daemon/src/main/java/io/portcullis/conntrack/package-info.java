/**
 * Connection tracking. {@link io.portcullis.conntrack.FlowTable} has one {@link io.portcullis.conntrack.Flow} per connection;
 * {@link io.portcullis.conntrack.FlowLayout} is the format of its entries. {@link io.portcullis.conntrack.TcpTracker} and
 * {@link io.portcullis.conntrack.UdpTracker} follow a flow packet by packet. {@link io.portcullis.conntrack.Expiry} ends it by
 * {@link io.portcullis.conntrack.FlowTimeouts}. A table belongs to one worker's thread; time is an argument; no class here knows a
 * rule.
 *
 * <p>Where programs in the kernel forward packets too, {@link io.portcullis.conntrack.FastLines} folds what they have seen into the
 * entries, by {@link io.portcullis.conntrack.FlowLine}; {@link io.portcullis.conntrack.FastPath} is what the engine tells them.
 *
 * <p>{@link io.portcullis.conntrack.FlowCount} counts its packets; {@link io.portcullis.conntrack.FlowEnd} hears of its end.
 *
 * <p>May import {@code packet} and {@code net}. Start reading at {@code FlowTable}.
 */
@NullMarked
package io.portcullis.conntrack;

import org.jspecify.annotations.NullMarked;
