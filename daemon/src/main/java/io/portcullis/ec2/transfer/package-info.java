/**
 * EC2's objects as the AWS CLI prints them, and this program's configuration: {@link io.portcullis.ec2.transfer.Import} makes YAML of
 * JSON. No file is read or written here.
 *
 * <p>May import {@code config}, {@code config.edit}, {@code config.read}, {@code ec2.model} and {@code net}. Start reading at {@code Import}.
 */
@NullMarked
package io.portcullis.ec2.transfer;

import org.jspecify.annotations.NullMarked;
