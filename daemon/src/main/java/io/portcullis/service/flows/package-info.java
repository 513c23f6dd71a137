/**
 * Who is connected: lists tracked flows, sums the traffic of the present, and ends flows that an operator selects. Flows are read on a
 * thread of this package, beside the workers ({@link io.portcullis.conntrack.read.FlowReader}); only an end is done by them. Start
 * reading at {@link io.portcullis.service.flows.Flows}.
 *
 * <p>Imports {@code guard}, {@code worker}, {@code conntrack}, {@code conntrack.read}, {@code policy}, {@code config}, {@code diagnose}
 * for ssh sessions, {@code operations}, {@code operations.traffic}, {@code service.traffic}, {@code linux} and {@code net}.
 */
@NullMarked
package io.portcullis.service.flows;

import org.jspecify.annotations.NullMarked;
