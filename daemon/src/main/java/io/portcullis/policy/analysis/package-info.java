/**
 * Questions about compiled policies that no packet asks: what a change opens and closes ({@link
 * io.portcullis.policy.analysis.Difference}), whether expectations hold ({@link
 * io.portcullis.policy.analysis.Expectations}), which rule is nearest to a refused packet ({@link
 * io.portcullis.policy.analysis.NearestRule}).
 *
 * <p>May import {@code policy}, {@code config} and {@code net}. Start reading at {@code Difference}.
 */
@NullMarked
package io.portcullis.policy.analysis;

import org.jspecify.annotations.NullMarked;
