import {
  ChildEntity,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

@Entity()
export class Owner {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;

  @OneToMany(() => Challenge, (challenge) => challenge.owner, { cascade: true })
  challenges: Relation<Challenge[]>;

  @OneToMany(() => Parcel, (parcel) => parcel.receiver)
  parcels: Relation<Parcel[]>;
}

class Counters {
  @Column({ default: 0 })
  likes: number;

  @Column({ type: 'int', nullable: true })
  shares: number | null;
}

/** A column of every kind that TypeORM treats in its own way. */
@Entity()
export class Challenge {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ unique: true })
  slug: string;

  @Column({ type: 'varchar', nullable: true })
  title: string | null;

  @Column({ default: 'draft' })
  status: string;

  @Column({ type: 'date', nullable: true })
  day: string | Date | null;

  @Column({ type: 'decimal', precision: 10, scale: 2, nullable: true })
  price: string | number | null;

  @Column({ type: 'simple-json', nullable: true })
  settings: unknown;

  @Column({ type: 'varchar', nullable: true, select: false })
  secret: string | null;

  @Column(() => Counters)
  counters: Counters;

  @Column({ type: 'int', nullable: true })
  ownerId: number | null;

  @ManyToOne(() => Owner, (owner) => owner.challenges, { nullable: true })
  owner: Relation<Owner> | null;

  @CreateDateColumn()
  createdAt: Date;

  @UpdateDateColumn()
  updatedAt: Date;

  @VersionColumn()
  version: number;

  @DeleteDateColumn()
  deletedAt: Date | null;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Content {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column()
  title: string;
}

@ChildEntity()
export class Photo extends Content {
  @Column({ type: 'varchar', nullable: true })
  url: string | null;
}

@ChildEntity()
export class Video extends Content {
  @Column({ type: 'int', nullable: true })
  seconds: number | null;
}

/** No entity itself; each class derived from it has a table of its own. */
export abstract class Animal {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;
}

@Entity()
export class Dog extends Animal {}

@Entity()
export class Cat extends Animal {}

@Entity()
@Tree('materialized-path')
export class Category {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;

  @TreeChildren()
  children: Relation<Category[]>;

  @TreeParent()
  parent: Relation<Category> | null;
}

@Entity()
export class Reading {
  @PrimaryColumn()
  sensor: string;

  @PrimaryColumn({ type: 'int' })
  sequence: number;

  @Column()
  value: number;
}

/** Its key has a finer grain than a Date. */
@Entity()
export class Moment {
  @PrimaryColumn({ precision: 6 })
  at: Date;

  @Column()
  label: string;
}

@Entity()
export class Parcel {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  label: string;

  @ManyToOne(() => Owner, (owner) => owner.parcels, { eager: true, nullable: true })
  receiver: Relation<Owner> | null;
}

/** Two of them that refer to each other are inserted, then updated. */
@Entity()
export class Person {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;

  @ManyToOne(() => Person, { cascade: true, nullable: true })
  friend: Relation<Person> | null;
}

export interface Plain {
  id: number;
  name: string;
}

export const PlainSchema = new EntitySchema<Plain>({
  name: 'Plain',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar' },
  },
});

export const ENTITIES = [
  Owner,
  Challenge,
  Content,
  Photo,
  Video,
  Dog,
  Cat,
  Category,
  Reading,
  Moment,
  Parcel,
  Person,
  PlainSchema,
];
