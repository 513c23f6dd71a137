/**
 * The one place that decides: {@link io.portcullis.engine.Engine#decide} gives every frame of a batch its verdict, from
 * the frame itself, the flow table and the policy. Pure of I/O and of clocks: live traffic, replay and tests run the same
 * code. Every drop has one {@link io.portcullis.engine.Reason}; {@link io.portcullis.engine.Counters} count.
 *
 * <p>May import {@code packet}, {@code conntrack}, {@code policy}. Start reading at {@code Engine.decide}.
 */
@NullMarked
package io.portcullis.engine;

import org.jspecify.annotations.NullMarked;
