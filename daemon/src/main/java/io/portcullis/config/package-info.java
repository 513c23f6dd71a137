/**
 * From YAML to records: {@link io.portcullis.config.Config} is a whole configuration, or
 * {@link io.portcullis.config.ConfigException} says everything that is wrong with the files, each fault with
 * {@code file:line:column} and what would be right.
 *
 * <p>Imports nothing of the other rooms; SnakeYAML only for its node tree, which knows lines and columns. Start reading
 * at {@link io.portcullis.config.Config#load}, which leads to {@code ConfigReader}.
 */
@NullMarked
package io.portcullis.config;

import org.jspecify.annotations.NullMarked;
