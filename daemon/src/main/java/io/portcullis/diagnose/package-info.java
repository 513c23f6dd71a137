/**
 * Answers for operators: what a start would do on this machine ({@link io.portcullis.diagnose.Doctor}), the verdict
 * about a packet ({@link io.portcullis.diagnose.Explain}), which ssh sessions a change would lock out ({@link
 * io.portcullis.diagnose.Lockout}), which NICs nobody guards ({@code Unguarded}). Nothing here changes anything.
 *
 * <p>May import {@code guard}, {@code intercept}, {@code engine}, {@code port}, {@code policy}, {@code config},
 * {@code ec2.auth}, {@code http}, {@code linux}, {@code operations}, {@code operations.traffic}, {@code packet} and {@code net}. Start reading at {@code
 * Doctor.examine}.
 */
@NullMarked
package io.portcullis.diagnose;

import org.jspecify.annotations.NullMarked;
