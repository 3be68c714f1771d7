CREATE TABLE typed (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  small TINYINT NOT NULL,
  big BIGINT NOT NULL,
  price DECIMAL(12,3),
  ratio DOUBLE,
  name VARCHAR(40) NOT NULL,
  note TEXT,
  raw BLOB,
  day DATE,
  moment DATETIME(6),
  span TIME,
  UNIQUE KEY name_once (name)
)
