/**
 * Questions about the traffic, as records: requests with their query parameters, and reports with plain values. Imports {@code net}.
 */
@NullMarked
package io.portcullis.operations.traffic;

import org.jspecify.annotations.NullMarked;
