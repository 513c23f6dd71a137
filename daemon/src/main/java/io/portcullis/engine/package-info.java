/**
 * The decision about every frame, by the frame itself, the flow table and the policy. No I/O, no clock: live traffic, replay and
 * tests run the same code.
 *
 * <p>Start reading at {@link io.portcullis.engine.Engine#decide}, which moves a {@code Cursor} over a batch. {@code Engine.check} and
 * {@code Engine.checkPacket} list the checks in the specification's order. {@code FlowRole} says whether a packet may open a flow,
 * {@code RuleStep} matches rules, {@code FlowStep} finds, renews and opens flows, {@code Accounting} counts the verdict. Every drop
 * has one {@link io.portcullis.engine.Reason}.
 *
 * <p>May import {@code packet}, {@code conntrack}, {@code policy}, {@code hits} and {@code net}.
 */
@NullMarked
package io.portcullis.engine;

import org.jspecify.annotations.NullMarked;
