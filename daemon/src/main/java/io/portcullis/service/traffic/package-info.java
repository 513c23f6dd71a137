/**
 * Answers of the running daemon about its traffic. {@link io.portcullis.service.traffic.RecordedDrops} reads the recorders, and looks
 * for the nearest rules once a second; {@link io.portcullis.service.traffic.RuleListing} lists the rules with their hits.
 *
 * <p>Imports {@code guard}, {@code recorder}, {@code engine}, {@code hits}, {@code policy}, {@code policy.analysis}, {@code config}, {@code
 * operations.traffic}, {@code linux} and {@code net}.
 */
@NullMarked
package io.portcullis.service.traffic;

import org.jspecify.annotations.NullMarked;
