import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CreateUserDto } from './create-user.dto.js';
import { User } from './user.entity.js';

@Injectable()
export class UsersService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  list(): Promise<User[]> {
    return this.users.find({ order: { id: 'ASC' } });
  }

  async get(id: number): Promise<User> {
    const user = await this.users.findOneBy({ id });
    if (!user) throw new NotFoundException(`There is no user ${id}.`);
    return user;
  }

  async create({ name, email }: CreateUserDto): Promise<User> {
    try {
      return await this.users.save(this.users.create({ name, email }));
    } catch (error) {
      if (await this.users.existsBy({ email })) throw new ConflictException(`The address ${email} is taken.`);
      throw error;
    }
  }
}
