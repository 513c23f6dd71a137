/** What an operator does: starts, edits, applies, asks, opens, shuts, and the service around the daemon. Imports {@code system}. */
@NullMarked
package io.portcullis.system.operation;

import org.jspecify.annotations.NullMarked;
