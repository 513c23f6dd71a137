/**
 * A configuration as EC2's objects: {@link io.portcullis.ec2.transfer.export.Ec2Json} in the shape of the describe calls, {@link
 * io.portcullis.ec2.transfer.export.Terraform} as resources. What EC2 cannot say is reported, never said in another way.
 *
 * <p>May import {@code ec2.transfer} (notes), {@code ec2.model}, {@code config}, {@code config.edit} and {@code net}. Start reading at
 * {@code Ec2Json}.
 */
@NullMarked
package io.portcullis.ec2.transfer.export;

import org.jspecify.annotations.NullMarked;
