/**
 * Simulated worlds of hosts, attackers, reloads and crashes, with the engine and the reference between them.
 * {@code scripts/simulate} runs as many as it is told to; a test runs ten million frames.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.simulation;
