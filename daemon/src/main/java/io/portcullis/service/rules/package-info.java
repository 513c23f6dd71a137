/**
 * The answer to {@code portcullis rules}: rules in force with their hits, filtered and sorted.
 *
 * <p>May import {@code hits}, {@code operations}, {@code policy}, {@code config} and {@code net}. Start reading at {@code RuleListing.report}.
 */
@NullMarked
package io.portcullis.service.rules;

import org.jspecify.annotations.NullMarked;
