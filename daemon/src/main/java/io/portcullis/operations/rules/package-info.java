/**
 * Questions about the rules in force and their hits, and the answers.
 *
 * <p>May import {@code net}. Start reading at {@code RulesReport}.
 */
@NullMarked
package io.portcullis.operations.rules;

import org.jspecify.annotations.NullMarked;
