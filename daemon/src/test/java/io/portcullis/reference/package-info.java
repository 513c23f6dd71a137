/**
 * The reference: a slow and plain model of the firewall, written from the specification, which shares no code with the engine.
 * Random sequences of packets go through the engine and through it, and both must agree on every verdict.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.reference;
