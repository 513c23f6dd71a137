/**
 * The Query protocol of EC2 and STS, without the actions: parameters of a form ({@link io.portcullis.ec2.wire.Form}) become {@link
 * io.portcullis.ec2.wire.Arguments}, {@link io.portcullis.ec2.wire.Fields} become XML ({@link io.portcullis.ec2.wire.AnswerWriter}). One
 * table, the resource {@code shapes.txt}, describes both; {@link io.portcullis.ec2.wire.ActionTable} reads it. {@link
 * io.portcullis.ec2.wire.ApiError} has the words of all errors.
 *
 * <p>May import {@code net}. Start reading at {@code ActionTable}.
 */
@NullMarked
package io.portcullis.ec2.wire;

import org.jspecify.annotations.NullMarked;
